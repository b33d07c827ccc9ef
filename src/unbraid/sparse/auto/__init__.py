"""The method that chooses width, activity and signs by itself."""
