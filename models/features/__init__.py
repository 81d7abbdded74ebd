"""What can be known of a preset without rendering it: its text, and what its equations do."""
