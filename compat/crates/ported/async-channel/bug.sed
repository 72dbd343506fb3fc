# lost notify: a receiver that makes room tells no sender
/^ *self\.channel\.send_ops\.notify_additional\(1\);$/d
