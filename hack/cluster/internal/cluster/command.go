package cluster

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// run ends with an error that holds the command and what it printed.
func run(cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("running %q: %w: %s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// each runs commands of one line each, in order, until one fails.
func each(command func(args ...string) *exec.Cmd, lines ...string) error {
	for _, line := range lines {
		if err := run(command(strings.Fields(line)...)); err != nil {
			return err
		}
	}
	return nil
}

// onMachine makes commands that run in the namespaces of the machine.
func onMachine(ctx context.Context) func(args ...string) *exec.Cmd {
	return func(args ...string) *exec.Cmd { return exec.CommandContext(ctx, args[0], args[1:]...) }
}

// within tries until the attempt succeeds; its last error tells why it did not.
func within(ctx context.Context, limit time.Duration, what string, attempt func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	pause := time.NewTicker(100 * time.Millisecond)
	defer pause.Stop()
	var last error
	for {
		err := attempt(ctx)
		if err == nil {
			return nil
		}
		if last == nil || ctx.Err() == nil { // an attempt that was cut off says less than the one before
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %s for %s: %w", limit, what, last)
		case <-pause.C:
		}
	}
}
