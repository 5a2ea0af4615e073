"""How the trainer learns."""

import msgspec


class LearningSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All that the result depends on beside the samples; the defaults are those measured in docs/quality.md."""

    k: int = 6
    """How many clusters; ``segments.k`` of the program."""
    seed: int = 1
    features: int = 5
    """Clusters are by all five features, or by the first three: recency, frequency and spend."""
    budget_frequency_top: float = 0.4
    """Budget Buyers are in this part (0-1) by frequency; ``segments.traits`` of the program, as the next three."""
    budget_aov_bottom: float = 0.4
    power_monetary_top: float = 0.2
    power_aov_top: float = 0.2
    minor_per_major: int = 100
    """Minor units in a unit of the program's currency."""
    warm_up_days: int = 14
    warm_up_customers: int = 2_000
    """The first clusters come when either is reached (days of the stream), and ten customers a cluster are known."""
    publish_every_days: int = 1
    """Learning goes on day by day all the same; the days are those that ended, not those that a log jumped over."""
    learn_every: int = 7
    """River learns from one sample in so many: every customer's turn comes once in so many days."""
    halflife: float = 0.01
    """River's learning rate: how far a sample pulls its centre."""
    reservoir_customers: int = 5_000
    """How many customers, drawn anew every day, re-anchor the centres."""
    lloyd_steps: int = 3
    anchor_pull: float = 0.2
    """How much of the way to the re-anchored place a centre goes in a day at least; the rest is noise of the draw."""
    anchor_doubt: float = 35.0
    """It goes farther where the way's square is above so many times the draw's expected squared error.

    The noise of a draw of 1,000 gets so far (7 of its errors) once in some 660,000 days (chi-squared, five features). A
    larger draw knows better where to go; this is how long a group that is new has to be there.
    """
    shop_doubt: float = 7.0
    """The same of most centres at once, on which all go farther: it is the shop that has changed."""
    rename_after_days: int = 14
    """Names change only when a predicate has been broken on so many days in a row."""
    fresh_starts: int = 10
    fresh_steps: int = 30
    """The k-means++ starts that challenge the centres every day, and the Lloyd steps of each."""
    restart_gain: float = 0.02
    """A challenger wins a day when it lowers the inertia by this part."""
    restart_after_days: int = 7
    """Its centres are taken over when one has won on so many days in a row."""
    restart_calm_days: int = 7
    """On so many days behind it customers are kept more firmly, as on its own; no challenger comes on them."""
    hysteresis: float = 0.1
    """A customer moves only to a centre that is nearer by this part."""
    fresher_hysteresis: float = 0.2
    """Without an event of their own, to a centre that is no staler, only by this part."""
    restart_hysteresis: float = 0.3
    restart_fresher_hysteresis: float = 0.4
    """The two on the day of a restart and the calm ones behind it."""
    table_customers: int = 100_000
    """Above so many customers a fair sample of them is kept."""
    forget_after_days: int = 7
    """Customers whom the daily sweep did not find for so long are gone."""
    watched_a_day: int = 100
    """So many customers of each day's samples are watched at most, to learn what they spend."""
    label_days: int = 28
    """For so long; whole weeks, and less than samples are kept."""
    hand_over_labels: int = 5_000
    """So many labels have to mature before they correct prices."""
    fade_half_days: int = 365
    """What labels taught counts half after so many days."""
