"""What a dropped folder or table is, told before it replaces anything."""
