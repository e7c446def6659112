package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// runCommand executes a task once.
type runCommand struct {
	*Options
	task string
	// only are the source IDs of those that the run is about; empty: of everybody.
	only v1alpha1.OnlyEntries
	// override lets this run alone pass limits of the guard.
	override overrideFlags
	wait     bool
	yes      bool
}

func newRunCommand(o *Options) *cobra.Command {
	r := &runCommand{Options: o}
	command := &cobra.Command{
		Use:   "run TASK",
		Short: "Execute a task once",
		Long: "Execute a task once, by making a SyncRun for it.\n\n" +
			"It asks first, because what a sync does cannot be brought back.\n\n" +
			"With --only-user and --only-department the run is about these entries alone, by their IDs in the source (details --expand shows them):\n" +
			"they are synced with the departments that they need, and nobody else is created, changed or removed.\n\n" +
			"The guard stops a run, or holds its removals, and its message names the limit. Somebody who has looked at what would happen lets one run pass by an\n" +
			"--override flag with a --reason. The command says what that allows and asks for the name of the task.\n\n" +
			"With --wait the exit code is that of the run: 0 Succeeded, 1 Failed, 2 PartiallyFailed, 3 Cancelled;\n" +
			"130 when the waiting was interrupted, and then the run goes on.",
		Example: "  kubectl synccenter run hr --wait\n  kubectl synccenter run hr --yes\n" +
			"  kubectl synccenter run hr --only-user 0b7f6c1e-3f6e-4a1b-9b1e-5f0d6c1e2a3b --wait\n" +
			"  kubectl synccenter run hr --override-removals 40 --reason 'the branch in Lyon was closed' --wait",
		Args:              needs("name the task"),
		ValidArgsFunction: o.completeTask,
		RunE:              runStep(r),
	}
	command.Flags().StringArrayVar(&r.only.Users, "only-user", nil, "Sync this person alone, by the ID in the source. May be given several times.")
	command.Flags().StringArrayVar(&r.only.Departments, "only-department", nil, "Sync this department alone, without its people and what is below it, by the ID in the source. May be given several times.")
	r.override.addTo(command.Flags())
	command.Flags().BoolVar(&r.wait, "wait", false, "Wait for the end of the run and show how far it is.")
	command.Flags().BoolVarP(&r.yes, "yes", "y", false, "Do not ask before executing.")
	return command
}

// Complete takes the task's name.
func (r *runCommand) Complete(arguments []string) error {
	r.task = arguments[0]
	return nil
}

// Validate refuses to execute what nobody was asked about, and overrides that say nothing.
func (r *runCommand) Validate() error {
	if err := r.override.validate(); err != nil {
		return err
	}
	if !r.yes && !r.InputIsTerminal {
		return errors.New("running a task asks first, and there is no terminal to ask on: add --yes if what the sync does is wanted")
	}
	return nil
}

// Run asks, creates the run and waits for it if that was wanted.
func (r *runCommand) Run(ctx context.Context) error {
	cluster, err := r.connect()
	if err != nil {
		return err
	}
	task, err := cluster.task(ctx, r.task)
	if err != nil {
		return err
	}
	r.warn(task)
	if err := r.override.tell(r.ErrOut, task); err != nil {
		return err
	}
	if !r.yes {
		agreed, err := r.ask(task)
		if err != nil {
			return err
		}
		if !agreed {
			return &exitError{exitCancelled, errors.New("nothing was executed")}
		}
	}
	run := &v1alpha1.SyncRun{
		ObjectMeta: metav1.ObjectMeta{Namespace: cluster.namespace, GenerateName: r.task + "-"},
		Spec: v1alpha1.SyncRunSpec{
			TaskRef: v1alpha1.TaskReference{Name: r.task}, Type: v1alpha1.RunSync, GuardOverride: r.override.spec(), RequestedBy: cluster.requester(ctx),
		},
	}
	if r.override.any() { // why somebody let a limit pass is asked long after the run has gone from the numbers that a task keeps
		metav1.SetMetaDataAnnotation(&run.ObjectMeta, v1alpha1.AnnotationKeep, keptForOverride)
	}
	if r.isPartial() {
		run.Spec.Only = &r.only
	}
	if err := cluster.Create(ctx, run); err != nil {
		return explain(fmt.Sprintf("creating a run of task %q", r.task), err)
	}
	if _, err := fmt.Fprintf(r.Out, "syncrun.synccenter.dev/%s created\n", run.Name); err != nil {
		return err
	}
	if !r.wait {
		return nil
	}
	return r.await(ctx, cluster, run.Name)
}

// isPartial reports that the run is about some entries alone.
func (r *runCommand) isPartial() bool { return len(r.only.Users)+len(r.only.Departments) > 0 }

// warn says beforehand what would make the run wait or fail.
func (r *runCommand) warn(task *v1alpha1.SyncTask) {
	if task.Spec.Suspend {
		fmt.Fprintf(r.ErrOut, "Note: task %s is suspended; the run waits until spec.suspend is false.\n", task.Name)
	}
	if reason, held := task.Annotations[v1alpha1.AnnotationHold]; held {
		fmt.Fprintf(r.ErrOut, "Note: task %s is held (%s); the run waits until the annotation %s is removed.\n", task.Name, plain(reason), v1alpha1.AnnotationHold)
	}
	if ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady); ready != nil && ready.Status == metav1.ConditionFalse {
		fmt.Fprintf(r.ErrOut, "Note: task %s is not ready (%s): %s\n", task.Name, ready.Reason, plain(ready.Message))
	}
}

func (r *runCommand) ask(task *v1alpha1.SyncTask) (bool, error) {
	what := task.Name
	if task.Spec.DisplayName != "" {
		what += " (" + plain(task.Spec.DisplayName) + ")"
	}
	if task.Status.Source != "" && task.Status.Target != "" {
		what += ", from " + plain(task.Status.Source) + " to " + plain(task.Status.Target)
	}
	if r.isPartial() {
		what += fmt.Sprintf(", for the named entries alone (people: %d, departments: %d),", len(r.only.Users), len(r.only.Departments))
	}
	choice := "[y/N]"
	if r.override.any() { // a y is typed without looking
		choice = fmt.Sprintf("Type %s to go on:", task.Name)
	}
	fmt.Fprintf(r.ErrOut, "Execute task %s in namespace %s? What a sync does cannot be brought back. %s ", what, task.Namespace, choice)
	answer, err := readLine(r.In)
	if err != nil {
		return false, fmt.Errorf("reading the answer: %w", err)
	}
	if r.override.any() {
		return answer == task.Name, nil
	}
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes"), nil
}

// readLine reads one line, without its end.
func readLine(in io.Reader) (string, error) {
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimSpace(line), nil
}
