"""Weights alone: PyTorch state dicts and safetensors."""
