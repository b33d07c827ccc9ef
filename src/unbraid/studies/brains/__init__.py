"""Studies of networks beside brains."""
