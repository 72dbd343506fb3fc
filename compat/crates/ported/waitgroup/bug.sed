# swallowed wake: the last worker drops the waker and does not wake it
s/^( *)self\.waker\.wake\(\);/\1drop(self.waker.take());/
