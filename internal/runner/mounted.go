package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// The keys of a Secret of type kubernetes.io/basic-auth.
const (
	usernameKey = "username"
	passwordKey = "password"
	// hostsKey lists the servers that the Secret may be sent to. Without it that is for whoever may use the Secret to say.
	hostsKey = "hosts"
)

// secret reads a key of a Secret. The value never appears in an error.
func (c Connectors) secret(name, key string) (string, error) {
	data, err := mounted(c.Secrets, name, key)
	if errors.Is(err, fs.ErrNotExist) {
		return "", &failure{v1alpha1.ReasonSecretMissing, fmt.Sprintf(
			"Secret %q, or its key %q, does not exist in the task's namespace; create it with the keys %q and %q (type kubernetes.io/basic-auth)", name, key, usernameKey, passwordKey)}
	}
	if err != nil {
		return "", fmt.Errorf("reading key %q of Secret %q: %w", key, name, err)
	}
	return string(data), nil
}

// mayBeSent refuses to send a Secret to a server that its own list leaves out. An empty list leaves out all.
func (c Connectors) mayBeSent(name string, urls []string) error {
	data, err := mounted(c.Secrets, name, hostsKey)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading key %q of Secret %q: %w", hostsKey, name, err)
	}
	allowed := strings.FieldsFunc(string(data), func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	for _, address := range urls {
		server, err := url.Parse(address)
		if err != nil {
			return &failure{v1alpha1.ReasonInvalidConnection, fmt.Sprintf("%q is not the address of a server", address)}
		}
		if !slices.ContainsFunc(allowed, func(host string) bool { return strings.EqualFold(host, server.Hostname()) }) {
			return &failure{v1alpha1.ReasonInvalidConnection, fmt.Sprintf(
				"Secret %q may not be sent to %q: its key %q does not list that host; take the server out of urls, or let the Secret's owner add it", name, server.Hostname(), hostsKey)}
		}
	}
	return nil
}

// configMap reads a key of a ConfigMap.
func (c Connectors) configMap(name, key string) ([]byte, error) {
	data, err := mounted(c.ConfigMaps, name, key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &failure{v1alpha1.ReasonConfigMapMissing, fmt.Sprintf(
			"ConfigMap %q, or its key %q, does not exist in the task's namespace; create it with the certificates (PEM) that the server is trusted by", name, key)}
	}
	if err != nil {
		return nil, fmt.Errorf("reading key %q of ConfigMap %q: %w", key, name, err)
	}
	return data, nil
}

// mounted reads the file of a key. Nothing outside of the object's folder can be named.
func mounted(folder, name, key string) ([]byte, error) {
	root, err := os.OpenRoot(filepath.Join(folder, filepath.Base(name)))
	if err != nil {
		return nil, err
	}
	defer root.Close() // nothing was written
	return root.ReadFile(key)
}
