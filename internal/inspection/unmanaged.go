package inspection

// Unmanaged is an entry of the target without a link of the task: a line of the answer to a request for those. The last line has End set.
type Unmanaged struct {
	Subject string `json:"subject,omitempty"`
	ID      string `json:"id,omitempty"`
	Name    string `json:"name,omitempty"`
	Place   string `json:"place,omitempty"`
	// Owner is whose mark it bears; empty: nobody's.
	Owner string `json:"owner,omitempty"`
	// Protected: the task says that it is never adopted, changed or removed.
	Protected bool `json:"protected,omitempty"`
	Disabled  bool `json:"disabled,omitempty"`
	// Unreadable says why the entry could not be understood.
	Unreadable string `json:"unreadable,omitempty"`

	// End is set in the last line alone. Left is how many more there are than the list has room for.
	End  bool  `json:"end,omitempty"`
	Left int64 `json:"left,omitempty"`
}
