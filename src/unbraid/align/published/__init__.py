"""Protocols of published code, exactly."""
