"""What results say: arrays in, small frozen results out."""
