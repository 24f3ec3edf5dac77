"""Many workers on one PostgreSQL database: roles, turns at hosts, work handed out through PgQueuer."""
