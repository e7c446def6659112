package ldap

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/directory"
)

// Checker proves step by step what a run needs of a directory.
type Checker struct {
	config Config
	target bool
	now    func() time.Time
	steps  steps

	// source reads from the server that a run would use; nil until one is reached.
	source *Source
	// writer is set for a target whose classes allow what the connector writes.
	writer *Target
	schema directory.Schema
}

var _ connector.Checker = (*Checker)(nil)

// NewSourceChecker prepares the check of a directory that is read. The clock is compared with that of the server.
func NewSourceChecker(config Config, now func() time.Time) *Checker {
	return &Checker{config: config.withDefaults(), now: now, steps: steps{now: now}}
}

// NewTargetChecker prepares the check of a directory that is written.
func NewTargetChecker(config Config, now func() time.Time) *Checker {
	c := NewSourceChecker(config, now)
	c.target = true
	return c
}

// Close ends the connections.
func (c *Checker) Close() error {
	switch {
	case c.writer != nil:
		return c.writer.Close()
	case c.source != nil:
		return c.source.Close()
	}
	return nil
}

// Schema is the one that Reach has read.
func (c *Checker) Schema() directory.Schema { return c.schema }

// Capabilities are those of a target that Reach has found to be usable.
func (c *Checker) Capabilities() directory.Capabilities {
	if c.writer == nil {
		return directory.Capabilities{}
	}
	return c.writer.Capabilities()
}

// Reach tries the servers and, on the one that a run would use, what stands before any entry.
func (c *Checker) Reach(ctx context.Context) []connector.Step {
	c.steps.list = nil
	var trust *x509.CertPool
	prepared := c.steps.quietly("settings", func() (err error) {
		if err = c.config.validate(); err == nil {
			trust, err = trustOf(c.config.CA)
		}
		return invalidUnlessTyped(err)
	})
	if !prepared {
		return c.steps.list
	}
	address := c.servers(ctx, trust)
	if address == "" {
		return c.steps.list
	}
	config := c.config
	config.URLs = []string{address}
	if !c.steps.quietly("login", func() (err error) { c.source, err = open(ctx, config, false); return err }) {
		return c.steps.list
	}
	if !c.bases(ctx) || !c.readSchema(ctx) || !c.target {
		return c.steps.list
	}
	if c.classes(ctx) {
		c.steps.quietly("schema", func() error { return c.openWriter(ctx, config) })
	}
	return c.steps.list
}

// openWriter takes the place of the source with a connection that could also write.
func (c *Checker) openWriter(ctx context.Context, config Config) error {
	writer, err := NewTarget(ctx, config)
	if err != nil {
		return err
	}
	c.source.Close() // it was only read from
	c.source, c.writer = writer.Source, writer
	c.schema, err = writer.Schema(ctx)
	return err
}

// bases reads both base entries with their IDs.
func (c *Checker) bases(ctx context.Context) bool {
	ok := true
	for _, kind := range []directory.Kind{directory.User, directory.Department} {
		base, field := c.source.baseOf(kind)
		if base == "" {
			continue
		}
		found := c.steps.try(field, func() (string, error) {
			_, err := c.source.idOf(ctx, field, base)
			return fmt.Sprintf("%q is there", base), err
		})
		ok = ok && found
	}
	return ok
}

func (c *Checker) readSchema(ctx context.Context) bool {
	return c.steps.try("schema", func() (string, error) {
		var err error
		c.schema, err = c.source.Schema(ctx)
		return fmt.Sprintf("%d attributes are known", len(c.schema.Users)), err
	})
}

// classes proves that new entries may have all attributes that the connector writes by itself, one step for each setting.
func (c *Checker) classes(ctx context.Context) bool {
	_, known, err := c.source.readSubschema(ctx)
	if !c.steps.quietly("schema", func() error { return err }) {
		return false
	}
	users := c.managed(known, "users", c.config.Users.ObjectClasses, c.config.managedOfUsers())
	if c.config.Departments.BaseDN == "" {
		return users
	}
	return c.managed(known, "departments", c.config.Departments.ObjectClasses, c.config.managedOfDepartments()) && users
}

func (c *Checker) managed(known definitions, kind string, classes []string, managed map[string]string) bool {
	rules, err := known.rulesOf(classes)
	if !c.steps.quietly(kind+".objectClasses", func() error { return c.atServer(err) }) {
		return false
	}
	ok := true
	for _, setting := range sortedKeys(managed) {
		if name := managed[setting]; name != "" {
			allowed := c.steps.try(kind+"."+setting, func() (string, error) {
				return fmt.Sprintf("the object classes allow the attribute %s", name), c.atServer(rules.permit(setting, name))
			})
			ok = ok && allowed
		}
	}
	return ok
}

// atServer says of an error about the schema whose schema it is.
func (c *Checker) atServer(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", c.source.server.url, err)
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func invalidUnlessTyped(err error) error {
	if err == nil || connector.ClassOf(err) != "" {
		return err
	}
	return &connector.Error{Class: connector.Invalid, Err: err}
}
