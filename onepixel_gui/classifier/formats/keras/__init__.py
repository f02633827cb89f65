"""Keras networks, whole or published: HDF5 and .keras, without Keras."""
