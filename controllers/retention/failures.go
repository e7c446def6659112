package retention

import (
	"errors"
	"fmt"
)

// failuresLimit is how many errors of one look through the store are told in full:
// the same thing stands behind most of them.
const failuresLimit = 10

// failures are what goes wrong in one look through the store while that goes on.
type failures struct {
	first []error
	more  int
}

func (f *failures) add(err error) {
	if len(f.first) < failuresLimit {
		f.first = append(f.first, err)
		return
	}
	f.more++
}

// all is one error that tells of all of them, or nil.
func (f *failures) all() error {
	told := f.first
	if f.more > 0 {
		told = append(told, fmt.Errorf("and %d more", f.more))
	}
	return errors.Join(told...)
}
