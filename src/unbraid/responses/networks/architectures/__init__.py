"""Networks whose weights install from a package registry: for work without torchvision."""
