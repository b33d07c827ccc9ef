"""Which part of an input activates a unit.

`minimal_part` (of a picture), `neuron_graph` (token patterns), `neuron_to_graph` (those patterns
scored on other texts).
"""
