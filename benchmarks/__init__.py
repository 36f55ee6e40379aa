"""What is slow is measured here, never in a timed test: `make bench` prints one table."""
