"""The directory of users and organizations: pages of agents, and users that come from lists."""
