"""Music that we make ourselves, with exact truth beside it: what the tracker learns from and is judged on."""
