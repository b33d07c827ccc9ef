"""Networks by name: `_open` finds one in `_zoo`, `_torchvision`, `_timm` or `_huggingface`."""
