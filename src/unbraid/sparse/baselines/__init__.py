"""What a dictionary is compared with: components, clusters and random controls."""
