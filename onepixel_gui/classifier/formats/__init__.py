"""Reads checkpoints of every kind without running their code.

Five folders, one for each family of kinds. A module for each kind in them, with

    recognises(head) -> bool               is this the start of such a file?
    entries_recognised(names) -> bool      the same of a zip, by the names of its entries
    peek(file, name) -> Contents           what the file says; reads no weights, needs no torch
    weights(source, contents)              for kinds that hold weights alone: name -> Tensor
    network(source, contents)              for kinds that bring their network: nn.Module

`file` is an open binary file at its start.  All may raise UnusableCheckpoint with a remedy; what
else a damaged file makes them raise becomes one at the door, `classifier.opening`.
"""
