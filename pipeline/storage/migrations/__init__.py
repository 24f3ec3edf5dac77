"""The schema, step by step: one numbered SQL file for each version."""
