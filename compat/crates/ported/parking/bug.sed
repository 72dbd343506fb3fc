# lost notify: unpark notifies while the other thread is about to wait
/^ *drop\(self\.lock\.lock\(\)\.unwrap\(\)\);$/d
