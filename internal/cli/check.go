package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"synccenter.dev/synccenter/api/v1alpha1"
	"synccenter.dev/synccenter/internal/inspection"
)

// checkCommand tries what a run needs of the directories of a task.
type checkCommand struct {
	*Options
	task   string
	output documentOutput
}

func newCheckCommand(o *Options) *cobra.Command {
	c := &checkCommand{Options: o}
	command := &cobra.Command{
		Use:   "check TASK",
		Short: "Check the connections of a task, step by step",
		Long: "Check what a run of the task needs of source and target, step by step: names, connections, certificates, logins, base entries, schema, mappings,\n" +
			"the right to read and to write, clocks. A short pod does it, with the Secrets of the task. Nothing is written to either directory.\n\n" +
			"It ends with code 1 when a step failed. Warnings and steps that could not be proven are no failure.",
		Example:           "  kubectl synccenter check hr\n  kubectl synccenter check hr -o json",
		Args:              needs("name the task"),
		ValidArgsFunction: o.completeTask,
		RunE:              runStep(c),
	}
	c.output.addTo(command)
	return command
}

// Complete takes the task's name.
func (c *checkCommand) Complete(arguments []string) error {
	c.task = arguments[0]
	return nil
}

// Validate checks the format.
func (c *checkCommand) Validate() error { return c.output.validate() }

// Run asks for a check and waits for what it found.
func (c *checkCommand) Run(ctx context.Context) error {
	ctx, stop := untilInterrupted(ctx)
	defer stop()
	cluster, err := c.connect()
	if err != nil {
		return err
	}
	asked, err := c.ask(ctx, cluster, c.task, inspection.Request{Check: true})
	if err != nil {
		return err
	}
	found, err := asked.answered(ctx)
	switch {
	case err != nil:
		return err
	case found == nil:
		return c.printConditions(asked.task)
	case found.Check == nil:
		return noAnswer(found)
	}
	return c.print(asked.task, found)
}

// noAnswer is the error of an inspection that has ended without an answer.
func noAnswer(found *inspection.Inspection) error {
	if found.Failure != "" {
		return fmt.Errorf("the directories could not be looked at: %s", found.Failure)
	}
	return fmt.Errorf("the directories could not be looked at, since no pod answered: %s", found.Trouble)
}

// checkDocument is the answer for programs.
type checkDocument struct {
	Task   string         `json:"task"`
	Name   string         `json:"name"`
	Time   *time.Time     `json:"time"`
	Source inspection.End `json:"source"`
	Target inspection.End `json:"target"`
}

// stepMarks show how a step ended.
var stepMarks = map[inspection.Mark]string{inspection.Passed: "✓", inspection.Failed: "✗", inspection.Warning: "!", inspection.Skipped: "–"}

func (c *checkCommand) print(task *v1alpha1.SyncTask, found *inspection.Inspection) error {
	written, err := c.output.write(c.Out, checkDocument{task.Name, found.Name, found.Ended, found.Check.Source, found.Check.Target})
	counts := map[inspection.Mark]int{}
	if !written {
		var b strings.Builder
		writeEnd(&b, "source", task.Status.Source, found.Check.Source.Steps)
		b.WriteString("\n")
		writeEnd(&b, "target", task.Status.Target, found.Check.Target.Steps)
		_, err = fmt.Fprint(c.Out, b.String())
	}
	if err != nil {
		return err
	}
	for _, end := range []inspection.End{found.Check.Source, found.Check.Target} {
		for _, step := range end.Steps {
			counts[step.Mark]++
		}
	}
	if !written {
		fmt.Fprintf(c.Out, "\n%d passed, %d failed, %d to look at, %d not tried or not proven\n",
			counts[inspection.Passed], counts[inspection.Failed], counts[inspection.Warning], counts[inspection.Skipped])
	}
	if counts[inspection.Failed] > 0 {
		return &exitError{exitFailed, errShown}
	}
	return nil
}

func writeEnd(b *strings.Builder, end, name string, steps []inspection.Step) {
	fmt.Fprintf(b, "%s  %s\n", end, plain(name))
	width := 0
	for _, step := range steps {
		width = max(width, displayWidth(plain(step.Name)))
	}
	for _, step := range steps {
		name := plain(step.Name)
		fmt.Fprintf(b, "  %s %s%s  %s\n", stepMarks[step.Mark], name, strings.Repeat(" ", width-displayWidth(name)), plain(step.Message))
	}
}

// printConditions shows what everybody who may see the task can see.
func (c *checkCommand) printConditions(task *v1alpha1.SyncTask) error {
	failed := false
	answers := map[string]metav1.Condition{}
	var b strings.Builder
	for end, name := range map[string]string{"source": v1alpha1.ConditionSourceReady, "target": v1alpha1.ConditionTargetReady} {
		if found := meta.FindStatusCondition(task.Status.Conditions, name); found != nil {
			answers[end] = *found
			failed = failed || found.Status != metav1.ConditionTrue
		}
	}
	written, err := c.output.write(c.Out, answers)
	if err == nil && !written {
		for _, end := range []string{"source", "target"} {
			mark := stepMarks[inspection.Passed]
			if answers[end].Status != metav1.ConditionTrue {
				mark = stepMarks[inspection.Failed]
			}
			fmt.Fprintf(&b, "%s %s  %s: %s\n", mark, end, answers[end].Reason, plain(answers[end].Message))
		}
		fmt.Fprintf(&b, "\nEach step is shown to those who have the ClusterRole %s.\n", readerRole)
		_, err = fmt.Fprint(c.Out, b.String())
	}
	if err != nil {
		return err
	}
	if failed {
		return &exitError{exitFailed, errShown}
	}
	return nil
}
