"""The administration at `/admin/`: Django's admin with our own services behind every form."""
