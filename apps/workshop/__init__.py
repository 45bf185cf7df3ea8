"""The guided walk that makes a client's model: what ``colonnade customize`` does, for people without a terminal."""
