package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"synccenter.dev/synccenter/internal/artifact"
	artifactcluster "synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/history"
	"synccenter.dev/synccenter/internal/inspection"
)

// explainCommand follows one entry through what a run would do.
type explainCommand struct {
	*Options
	task    string
	subject inspection.Subject
	output  documentOutput
}

func newExplainCommand(o *Options) *cobra.Command {
	e := &explainCommand{Options: o}
	command := &cobra.Command{
		Use:   "explain TASK (user|department) ENTRY",
		Short: "Explain what a run would do with one person or department, and why",
		Long: "Explain what a run of the task would do now with one person or department, step by step: read, scope, mapping, state, match, decision.\n\n" +
			"The entry is named by its ID, its place (a distinguished name, or the path of a department), its name, or any value of a mapped field, such as a\n" +
			"login or a mail address. A short pod reads both directories and plans as a run does. Nothing is changed. Sensitive values are hidden, and nobody is\n" +
			"found by them.",
		Example: "  kubectl synccenter explain hr user li.lei\n" +
			"  kubectl synccenter explain hr department Headquarters/Sales\n" +
			"  kubectl synccenter explain hr user li@example.com -o yaml",
		Args:              needs("name the task, say whether it is a user or a department, and name the entry"),
		ValidArgsFunction: e.complete,
		RunE:              runStep(e),
	}
	e.output.addTo(command)
	return command
}

// complete suggests tasks, then the two subjects.
func (e *explainCommand) complete(command *cobra.Command, arguments []string, text string) ([]cobra.Completion, cobra.ShellCompDirective) {
	switch len(arguments) {
	case 0:
		return e.completeTask(command, arguments, text)
	case 1:
		return []cobra.Completion{"user", "department"}, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// Complete takes the arguments.
func (e *explainCommand) Complete(arguments []string) error {
	subject, ok := find(arguments[1], subjects)
	if !ok {
		return fmt.Errorf("%q is neither user nor department: write \"kubectl synccenter explain %s user %s\"", arguments[1], arguments[0], arguments[2])
	}
	e.task, e.subject = arguments[0], inspection.Subject{Subject: string(subject), Entry: arguments[2]}
	return nil
}

// Validate checks the format.
func (e *explainCommand) Validate() error { return e.output.validate() }

// Run asks for the explanation and prints it.
func (e *explainCommand) Run(ctx context.Context) error {
	ctx, stop := untilInterrupted(ctx)
	defer stop()
	cluster, err := e.connect()
	if err != nil {
		return err
	}
	asked, err := e.ask(ctx, cluster, e.task, inspection.Request{Explain: &e.subject})
	if err != nil {
		return err
	}
	reader, err := asked.stream(ctx)
	if err != nil {
		return err
	}
	var explained inspection.Explanation
	if err := json.NewDecoder(reader).Decode(&explained); err != nil {
		return fmt.Errorf("reading the explanation: %w", err)
	}
	return e.print(&explained)
}

// stream waits for the answer and opens it.
func (q *question) stream(ctx context.Context) (*artifact.Reader, error) {
	ended, err := q.answered(ctx)
	if err != nil {
		return nil, err
	}
	if ended.Failure != "" || ended.Trouble != "" {
		return nil, noAnswer(ended)
	}
	store := artifactcluster.New(artifactcluster.Options{Client: q.cluster, Namespace: q.task.Namespace, Task: q.task.Name})
	reader, err := artifact.Open(ctx, store, artifact.Scope{Run: ended.UID}, inspection.AnswerStream)
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	return reader, nil
}

func (e *explainCommand) print(x *inspection.Explanation) error {
	if written, err := e.output.write(e.Out, x); written || err != nil {
		return err
	}
	p := &page{}
	if len(x.Candidates) > 0 {
		p.line("%s %q names several. Ask again with the ID of one:", strings.ToLower(x.Subject.Subject), x.Subject.Entry)
		for _, c := range x.Candidates {
			p.line("  %s  %s  %s", c.ID, c.Name, c.Place)
		}
	} else {
		e.write(p, x)
	}
	_, err := fmt.Fprint(e.Out, p.text.String())
	return err
}

// page is text that is safe for a terminal, line by line.
type page struct{ text strings.Builder }

func (p *page) line(format string, args ...any) {
	p.text.WriteString(strings.TrimRight(plain(fmt.Sprintf(format, args...)), " ") + "\n")
}

func (e *explainCommand) write(p *page, x *inspection.Explanation) {
	p.line("%s %s", x.Subject.Subject, orNone(x.Name))
	p.line("  source %s, target %s", orNone(x.SourceID), orNone(x.TargetID))
	writeRead(p, &x.Read, x.Subject.Subject)
	if x.Scope != nil {
		p.line("")
		p.line("scope: %s: %s", map[bool]string{true: "in", false: "out"}[x.Scope.In], x.Scope.Message)
	}
	writeMapping(p, x.Mapping)
	e.writeState(p, &x.State)
	writeMatch(p, x.Match)
	p.line("")
	p.line("decision: %s", x.Decision.Message)
	for _, text := range []string{x.Decision.Stopped, x.Decision.Notice} {
		if text != "" {
			p.line("  %s", text)
		}
	}
	for i := range x.Decision.Operations {
		r := &x.Decision.Operations[i]
		p.line("  %s %s  %s", r.Operation, r.Status, reasonAndMessage(r))
		for j := range r.Changes {
			c := &r.Changes[j]
			p.line("    %s: %s → %s", c.Field, orNone(history.BeforeText(c, history.English)), orNone(history.AfterText(c, history.English)))
		}
	}
}

func writeRead(p *page, read *inspection.Read, subject string) {
	p.line("")
	p.line("read: %s", read.Message)
	if read.Place != "" {
		p.line("  place        %s", read.Place)
	}
	if len(read.Departments) > 0 {
		name := "departments"
		if subject == string(directory.Department) {
			name = "below      "
		}
		p.line("  %s  %s", name, strings.Join(read.Departments, "; "))
	}
	for _, field := range read.Fields {
		p.line("  %s: %s", field.Name, strings.Join(field.Values, "; "))
	}
	if len(read.Unreadable) > 0 {
		p.line("  cannot be read: %s", strings.Join(read.Unreadable, ", "))
	}
}

func writeMapping(p *page, rows []inspection.Row) {
	if len(rows) == 0 {
		return
	}
	p.line("")
	p.line("mapping:")
	for _, row := range rows {
		mark := " "
		if row.Failed {
			mark = stepMarks[inspection.Failed]
		}
		p.line("%s %s: %s, %s = %s", mark, row.Path, row.Giver, row.To, orNone(strings.Join(row.Values, "; ")))
		if row.Message != "" {
			p.line("    %s", row.Message)
		}
	}
}

func (e *explainCommand) writeState(p *page, s *inspection.State) {
	p.line("")
	p.line("state: %s", s.Message)
	if s.Linked {
		text := fmt.Sprintf("  %s, %s", s.Origin, s.Link)
		if s.Since != nil {
			text += " since " + e.moment(*s.Since)
		}
		if s.Run != "" {
			text += fmt.Sprintf(" (run %s: %s)", s.Run, s.Reason)
		}
		p.line("%s", text)
	}
	if s.Target != nil {
		p.line("  target entry: %s", hitText(s.Target))
	}
}

func hitText(hit *inspection.Hit) string {
	text := fmt.Sprintf("%s, %s, %s", hit.Name, hit.Place, hit.ID)
	if hit.Mark != "" {
		text += ", mark " + hit.Mark
	}
	if hit.LinkedTo != "" {
		text += ", linked to " + hit.LinkedTo
	}
	if hit.Disabled {
		text += ", turned off"
	}
	return text
}

func writeMatch(p *page, rules []inspection.Rule) {
	if len(rules) == 0 {
		return
	}
	p.line("")
	p.line("match:")
	for _, rule := range rules {
		var values []string
		for _, field := range rule.Fields {
			values = append(values, fmt.Sprintf("%s: %s", field.Name, orNone(strings.Join(field.Values, "; "))))
		}
		with := ""
		if len(values) > 0 {
			with = fmt.Sprintf(" (%s)", strings.Join(values, ", "))
		}
		p.line("  %s%s: %s", rule.Rule, with, rule.Message)
		for i := range rule.Hits {
			p.line("    %s", hitText(&rule.Hits[i]))
		}
	}
}
