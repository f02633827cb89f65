"""Keras draws the same weights for each test."""

import pytest


@pytest.fixture(autouse=True)
def _the_same_weights_each_time():
    from tests.core.keras_networks.judge import keras  # skips a module where it is missing

    keras.utils.set_random_seed(4)
