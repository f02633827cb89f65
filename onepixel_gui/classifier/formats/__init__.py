"""Reads checkpoints of every kind without running their code.

A module per kind, each with

    peek(file, name) -> Contents           what the file says; reads no weights, needs no torch
    weights(source, contents)              for kinds that hold weights alone: name -> Tensor
    network(source, contents)              for kinds that bring their network: nn.Module

`file` is an open binary file at its start.  All may raise UnusableCheckpoint with a remedy; what
else a damaged file makes them raise (OSError, LookupError, ValueError, TypeError, AttributeError,
RuntimeError, MemoryError, RecursionError, OverflowError) becomes one at the door, `checkpoint`.
"""
