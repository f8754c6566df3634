"""What everything stands on: dtypes, shapes, errors, switches, events."""
