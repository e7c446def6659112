package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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

// login reads the login of a Secret. No value of it appears in an error.
func (c Connectors) login(name string) (username, password string, err error) {
	var missing []string
	for _, part := range []struct {
		key   string
		value *string
	}{{usernameKey, &username}, {passwordKey, &password}} {
		data, err := mounted(c.Secrets, name, part.key)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, strconv.Quote(part.key))
		case err != nil:
			return "", "", fmt.Errorf("reading key %q of Secret %q: %w", part.key, name, err)
		}
		*part.value = string(data)
	}
	switch {
	case len(missing) == 0:
		return username, password, nil
	case !isThere(c.Secrets, name):
		return "", "", &failure{v1alpha1.ReasonSecretMissing, fmt.Sprintf(
			"Secret %q does not exist in the task's namespace, or has no keys: create it with the keys %q and %q (type kubernetes.io/basic-auth)", name, usernameKey, passwordKey)}
	}
	return "", "", &failure{v1alpha1.ReasonSecretMissing, fmt.Sprintf(
		"Secret %q exists, but has no key %s: add it, so that the keys %q and %q hold the login", name, strings.Join(missing, " and no key "), usernameKey, passwordKey)}
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
	if errors.Is(err, fs.ErrNotExist) && !isThere(c.ConfigMaps, name) {
		return nil, &failure{v1alpha1.ReasonConfigMapMissing, fmt.Sprintf(
			"ConfigMap %q does not exist in the task's namespace, or has no keys: create it with the key %q, which holds the certificates (PEM) that the server is trusted by", name, key)}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &failure{v1alpha1.ReasonConfigMapMissing, fmt.Sprintf(
			"ConfigMap %q exists, but has no key %q: add it with the certificates (PEM) that the server is trusted by, or name the right key in caBundleRef", name, key)}
	}
	if err != nil {
		return nil, fmt.Errorf("reading key %q of ConfigMap %q: %w", key, name, err)
	}
	return data, nil
}

// isThere says whether an object is mounted with any key. Of one that does not exist the kubelet mounts a folder without keys, in which what
// begins with two dots is its own.
func isThere(folder, name string) bool {
	entries, err := os.ReadDir(filepath.Join(folder, filepath.Base(name)))
	return err == nil && slices.ContainsFunc(entries, func(e os.DirEntry) bool { return !strings.HasPrefix(e.Name(), "..") })
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
