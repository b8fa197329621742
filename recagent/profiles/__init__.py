"""What is known of a person: events to a profile, tags, export and import."""
