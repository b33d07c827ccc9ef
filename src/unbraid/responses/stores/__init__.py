"""Responses on disk that need not fit in memory: `_store` reads shards, `_writer` writes them."""
