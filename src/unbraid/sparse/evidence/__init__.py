"""What a dictionary says of itself: what its codes lose, stability over seeds, consensus."""
