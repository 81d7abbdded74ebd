"""What presets will look like, told without rendering them."""
