"""Kafka: topics, ingest, sweep, relay, recovery. Everything of one partition is driven by one owner."""
