"""What the end-to-end tests share: processes, peers, sockets, and ringway itself."""
