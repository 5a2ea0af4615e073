# Tierline's worker, API and command line; docker-compose.yml says how they run together.
# A version, not a moving tag; a digest of your own registry is better still.
FROM python:3.13.7-slim-bookworm

WORKDIR /app
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY schemas schemas
COPY state state
COPY models models
COPY streams streams
COPY storefront storefront
COPY replay replay
COPY tierline tierline
COPY examples examples

# The checkout comes before site-packages, where a stranger's `schemas` could lie.
ENV PYTHONPATH=/app PYTHONUNBUFFERED=1
RUN useradd --system tierline
USER tierline
ENTRYPOINT ["python", "-c", "from tierline.cli import main; main()"]
CMD ["--help"]
