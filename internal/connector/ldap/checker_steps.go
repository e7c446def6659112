package ldap

import (
	"fmt"
	"time"

	"synccenter.dev/synccenter/internal/connector"
)

// steps collects the steps of a check.
type steps struct {
	now  func() time.Time
	list []connector.Step
}

// try makes one step. It reports whether a run could go on.
func (s *steps) try(name string, do func() (found string, err error)) bool {
	begin := s.now()
	found, err := do()
	step := connector.Step{Name: name, Mark: connector.Passed, Message: found, Duration: s.now().Sub(begin)}
	if err != nil {
		step.Mark, step.Message, step.Class = connector.Failed, err.Error(), connector.ClassOf(err)
	}
	s.list = append(s.list, step)
	return err == nil
}

// quietly makes a step that shows only when it fails.
func (s *steps) quietly(name string, do func() error) bool {
	ok := s.try(name, func() (string, error) { return "", do() })
	if ok {
		s.list = s.list[:len(s.list)-1]
	}
	return ok
}

// remark changes the mark and the message of the last step.
func (s *steps) remark(mark connector.Mark, format string, args ...any) {
	last := &s.list[len(s.list)-1]
	last.Mark, last.Message, last.Class = mark, fmt.Sprintf(format, args...), ""
}

// skip adds a step that was not tried.
func (s *steps) skip(name, why string) {
	s.list = append(s.list, connector.Step{Name: name, Mark: connector.Skipped, Message: why})
}
