package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/artifact"
	artifactcluster "synccenter.dev/synccenter/internal/artifact/cluster"
	"synccenter.dev/synccenter/internal/definition"
	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/state"
)

// listFormat is a way of printing links, and entries without one.
type listFormat string

const (
	listTable listFormat = "table"
	listWide  listFormat = "wide"
	listJSON  listFormat = "json"
	listYAML  listFormat = "yaml"
	listCSV   listFormat = "csv"
)

var (
	listFormats = []listFormat{listTable, listWide, listJSON, listYAML, listCSV}
	linkStates  = []state.LinkState{state.Active, state.Disabled, state.Held, state.Released}
)

// linksCommand lists who belongs to whom.
type linksCommand struct {
	*Options
	task             string
	subjects, states []string
	output           string
	unmanaged        bool

	kinds  []directory.Kind
	among  []state.LinkState
	format listFormat
}

func newLinksCommand(o *Options) *cobra.Command {
	l := &linksCommand{Options: o}
	command := &cobra.Command{
		Use:   "links TASK",
		Short: "List which source entry is which target entry",
		Long: "List the links of a task: which entry of the source is which entry of the target, how the link came to be, and what became of it.\n\n" +
			"They are those of the last run that has ended. With --unmanaged it lists the entries of the target that have no link of this task, and whose mark\n" +
			"they bear; a short pod reads the target for that. \"kubectl synccenter explain TASK user ID\" shows who is behind a link.",
		Example:           "  kubectl synccenter links hr --subject user --state held\n  kubectl synccenter links hr -o csv > links.csv\n  kubectl synccenter links hr --unmanaged",
		Args:              needs("name the task"),
		ValidArgsFunction: o.completeTask,
		RunE:              runStep(l),
	}
	flags := command.Flags()
	flags.StringSliceVar(&l.subjects, "subject", nil, "Only links of these: "+listed(subjects)+".")
	flags.StringSliceVar(&l.states, "state", nil, "Only links in these states: "+listed(linkStates)+".")
	flags.BoolVar(&l.unmanaged, "unmanaged", false, "List the entries of the target that have no link of this task.")
	flags.StringVarP(&l.output, "output", "o", string(listTable), "Output format. One of: ("+listed(listFormats)+").")
	for name, words := range map[string][]string{"subject": texts(subjects), "state": texts(linkStates), "output": texts(listFormats)} {
		_ = command.RegisterFlagCompletionFunc(name, completeWords(words)) // it fails only for a flag that does not exist
	}
	return command
}

// Complete takes the task's name.
func (l *linksCommand) Complete(arguments []string) error {
	l.task = arguments[0]
	return nil
}

// Validate checks the format and the filters.
func (l *linksCommand) Validate() error {
	var ok bool
	if l.format, ok = find(l.output, listFormats); !ok {
		return fmt.Errorf("--output %q is not known: use one of %s", l.output, listed(listFormats))
	}
	if l.unmanaged && len(l.states) > 0 {
		return errors.New("--state is about links, and --unmanaged about entries without one: leave out one of the two")
	}
	var err error
	if l.kinds, err = choose("subject", l.subjects, subjects); err != nil {
		return err
	}
	if len(l.kinds) == 0 {
		l.kinds = []directory.Kind{directory.Department, directory.User}
	}
	if l.among, err = choose("state", l.states, linkStates); err != nil {
		return err
	}
	if len(l.among) == 0 {
		l.among = linkStates
	}
	return nil
}

// Run prints the links.
func (l *linksCommand) Run(ctx context.Context) error {
	cluster, err := l.connect()
	if err != nil {
		return err
	}
	if l.unmanaged {
		return l.listUnmanaged(ctx, cluster)
	}
	task, err := cluster.task(ctx, l.task)
	if err != nil {
		return err
	}
	found, err := cluster.state(ctx, task)
	if errors.Is(err, artifact.ErrNotFound) {
		found, err = state.New("", state.Identity{}), nil
	}
	if err != nil {
		return err
	}
	return l.print(found.Links)
}

// state reads what a task remembers.
func (c *cluster) state(ctx context.Context, task *v1alpha1.SyncTask) (*state.State, error) {
	store := artifactcluster.New(artifactcluster.Options{Client: c, Namespace: task.Namespace, Task: task.Name})
	found, err := state.Newest(ctx, store, definition.Owner(task))
	if apierrors.IsForbidden(err) {
		return nil, c.mayNotRead("the links of task "+task.Name, task.Namespace, err)
	}
	return found, err
}

// mayNotRead says which right is missing, and how it is given.
func (c *cluster) mayNotRead(what, namespace string, err error) error {
	return fmt.Errorf("you may not read %s, which may hold names of people: ask an administrator of namespace %q for the ClusterRole %s "+
		"(kubectl create rolebinding history-readers -n %s --clusterrole=%s --user=YOU): %w", what, namespace, readerRole, namespace, readerRole, err)
}

// linkDocument is a link for programs.
type linkDocument struct {
	Subject  directory.Kind  `json:"subject"`
	Name     string          `json:"name"`
	SourceID string          `json:"source"`
	TargetID string          `json:"target"`
	State    state.LinkState `json:"state"`
	Origin   state.Origin    `json:"origin"`
	Since    *time.Time      `json:"since,omitempty"`
	Run      string          `json:"run,omitempty"`
	Reason   string          `json:"reason,omitempty"`
	// HeldLoss says that the loss of the last department waits for a person.
	HeldLoss bool `json:"heldLoss,omitempty"`
}

// chosen are the links that are asked for, departments first.
func (l *linksCommand) chosen(links *state.Links) iter.Seq2[linkDocument, error] {
	wanted := map[state.LinkState]bool{}
	for _, one := range l.among {
		wanted[one] = true
	}
	return func(yield func(linkDocument, error) bool) {
		for _, kind := range l.kinds {
			for link := range links.Sorted(kind) {
				// Somebody who waits for a decision about the last department is held too.
				if (wanted[link.State] || wanted[state.Held] && link.HeldLoss != nil) && !yield(documentOf(&link), nil) {
					return
				}
			}
		}
	}
}

func documentOf(link *state.Link) linkDocument {
	document := linkDocument{
		Subject: link.Kind, Name: link.Name, SourceID: link.SourceID, TargetID: link.TargetID, State: link.State, Origin: link.Origin,
		Since: link.Since, Run: link.Run, Reason: link.Reason,
	}
	if loss := link.HeldLoss; loss != nil && link.State != state.Held {
		document.HeldLoss, document.Since, document.Run, document.Reason = true, &loss.Since, loss.Run, loss.Reason
	}
	return document
}

func (l *linksCommand) print(links *state.Links) error {
	chosen := l.chosen(links)
	switch l.format {
	case listJSON, listYAML:
		return writeDocuments(l.Out, l.format, chosen)
	case listCSV:
		return l.printCSV(chosen)
	case listTable, listWide:
	}
	headings := []string{"SUBJECT", "NAME", "SOURCE", "TARGET", "STATE", "HOW", "SINCE"}
	if l.format == listWide {
		headings = append(headings, "RUN", "REASON")
	}
	table := newTable(l.Out, headings...)
	count := 0
	for document, err := range chosen {
		if err != nil {
			return err
		}
		count++
		table.row(l.cells(&document)[:len(headings)]...)
	}
	if count == 0 {
		fmt.Fprintf(l.ErrOut, "No links found of task %s.\n", l.task)
		return nil
	}
	return table.flush()
}

func (l *linksCommand) cells(d *linkDocument) []string {
	since, shown := "", string(d.State)
	if d.Since != nil {
		since = l.moment(*d.Since)
	}
	if d.HeldLoss {
		shown += ", loss held"
	}
	return []string{string(d.Subject), d.Name, d.SourceID, d.TargetID, shown, string(d.Origin), since, d.Run, d.Reason}
}

func (l *linksCommand) printCSV(chosen iter.Seq2[linkDocument, error]) error {
	headings := []string{"subject", "name", "source", "target", "state", "how", "since", "run", "reason"}
	return writeCSV(l.Out, headings, chosen, func(document *linkDocument) []string {
		cells := l.cells(document)
		if document.Since != nil {
			cells[6] = document.Since.In(l.TimeZone).Format(time.RFC3339)
		}
		return cells
	})
}
