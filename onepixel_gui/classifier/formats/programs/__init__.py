"""Whole networks as PyTorch saves them: TorchScript and torch.export."""
