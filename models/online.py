"""River's k-means between two re-anchorings: one sample moves the nearest centre a little."""

from river import cluster

from schemas.features import Features
from schemas.snapshot import Snapshot

_Scaled = dict[int, float]


class OnlineCentres:
    """River ``cluster.KMeans`` in scaled units, started from given centres, never from random ones.

    Features have integer keys: with text keys River sums in an order that depends on the process' hash seed.
    """

    def __init__(self, centres: list[list[float]], mean: Features, deviation: Features, halflife: float) -> None:
        self.mean = mean
        self.deviation = deviation
        self._kmeans = cluster.KMeans(n_clusters=len(centres), halflife=halflife, seed=0)
        for index, centre in enumerate(centres):
            self._kmeans.centers[index].update(enumerate(centre))

    @classmethod
    def of(cls, snapshot: Snapshot, halflife: float) -> "OnlineCentres":
        """Return the centres of a snapshot, as its readers see them: whoever resumes knows no more digits."""
        mean, deviation = snapshot.scaling.mean, snapshot.scaling.deviation
        scaled = [
            [(value - m) / d for value, m, d in zip(cluster.centre, mean, deviation, strict=True)]
            for cluster in snapshot.clusters
        ]
        return cls(scaled, mean, deviation, halflife)

    def learn_one(self, features: Features) -> None:
        """Move the nearest centre by ``halflife`` of the way (a constant learning rate, in spite of its name)."""
        self._kmeans.learn_one(self._scaled(features))  # type: ignore[no-untyped-call]

    def centres(self) -> list[list[float]]:
        """Return the centres in scaled units."""
        return [[float(centre[i]) for i in sorted(centre)] for _, centre in sorted(self._kmeans.centers.items())]

    def raw_centres(self) -> list[list[float]]:
        """Return the centres in log units."""
        units = list(zip(self.mean, self.deviation, strict=True))
        return [[v * d + m for v, (m, d) in zip(centre, units, strict=True)] for centre in self.centres()]

    def _scaled(self, features: Features) -> _Scaled:
        values = zip(features, self.mean, self.deviation, strict=True)
        return {i: (value - mean) / deviation for i, (value, mean, deviation) in enumerate(values)}
