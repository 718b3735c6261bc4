package disk

// Break makes every later commit fail, as a disk that is full does.
func (f *Folder) Break() error { return f.db.Close() }
