package artifact

// Usage is what is stored already, in stored bytes.
type Usage struct {
	Task, All int64
}

// Budget limits what may be stored, in stored bytes.
type Budget struct {
	Run, Task, All int64
}
