# Who moves together, and how far the move is.
wave "one" {
  phase = "presync"
  coexistence {
    mode  = "forwarding"
    since = "2026-03-02 18:00"
  }
}
