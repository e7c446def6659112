package cli

import "testing"

// TestWrongArguments types what people mistype. No cluster is asked.
func TestWrongArguments(t *testing.T) {
	p := &person{namespace: "nowhere", kubeconfig: "/nowhere/kubeconfig"}
	tests := []struct {
		name, want string
		typed      []string
	}{
		{"no task", "error: name the task: kubectl synccenter check TASK\n", []string{"check"}},
		{"no run", "error: name the run: kubectl synccenter details RUN\n", []string{"details", "--expand"}},
		{"no file", "error: name the file to write: kubectl synccenter export hr-7kq2x -o hr-7kq2x.xlsx\n", []string{"export", "hr-7kq2x"}},
		{"half an entry", "error: name the task, say whether it is a user or a department, and name the entry: kubectl synccenter explain TASK (user|department) ENTRY\n", []string{"explain", "hr", "li.lei"}},
		{"two tasks", "error: \"payroll\" is a word too many: kubectl synccenter run TASK\n", []string{"run", "hr", "payroll"}},
		{"a task where none is asked for", "error: \"hr\" is a word too many: kubectl synccenter tasks\n", []string{"tasks", "hr"}},
		{"a command that is nearly there", "error: there is no command \"taks\": did you mean tasks? \"kubectl synccenter --help\" lists the commands\n", []string{"taks"}},
		{"a command that is not there", "error: there is no command \"sync\": \"kubectl synccenter --help\" lists the commands\n", []string{"sync", "hr"}},
		{"a flag that is not there", "error: unknown flag: --yess: \"kubectl synccenter run --help\" lists the flags\n", []string{"run", "hr", "--yess"}},
		{"a format that is not there", "error: --output \"xml\" is not known: use one of wide, json, yaml, ", []string{"tasks", "-o", "xml"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p.fails(t, exitFailed, []string{test.want}, test.typed...)
		})
	}
}
