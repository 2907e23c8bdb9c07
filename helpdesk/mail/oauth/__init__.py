"""Signing in to mail servers with OAuth2: clients, providers, tokens that renew themselves, and the consent."""
