package archive

import (
	"errors"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"txng/tenant"
)

// Folder returns where the archives of a tenant lie in a folder of archives.
func Folder(folder string, id tenant.ID) string {
	return filepath.Join(folder, strconv.Itoa(int(id)))
}

// inside reports whether a file lies in a folder or below it, as far as both can be found.
func inside(file, folder string) bool {
	file, err := filepath.EvalSymlinks(file)
	if err != nil {
		return false
	}
	if folder, err = filepath.EvalSymlinks(folder); err != nil {
		return false // there is no such folder, so nothing in it
	}
	rel, err := filepath.Rel(folder, file)
	return err == nil && filepath.IsLocal(rel)
}

// removeFiles removes a tenant's archives from the folder and returns how many there were.
func removeFiles(folder string, id tenant.ID) (int, error) {
	if folder == "" {
		return 0, nil
	}
	files, err := os.ReadDir(Folder(folder, id))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err == nil {
		err = os.RemoveAll(Folder(folder, id))
	}
	if err != nil {
		return 0, fmt.Errorf("remove the archives of tenant %d: %w", id, err)
	}
	return len(files), nil
}

// removeLetters removes the letters of a folder that are addressed to one of the people and returns how many.
func removeLetters(folder string, emails []string) (removed int, err error) {
	if folder == "" {
		return 0, nil
	}
	letters, err := filepath.Glob(filepath.Join(folder, "*.eml"))
	if err != nil {
		return 0, fmt.Errorf("list the letters: %w", err)
	}
	for _, name := range letters {
		to, err := recipients(name)
		if err != nil {
			return removed, err
		}
		if !slices.ContainsFunc(to, func(a string) bool { return slices.Contains(emails, a) }) {
			continue
		}
		if err := os.Remove(name); err != nil {
			return removed, fmt.Errorf("remove a letter: %w", err)
		}
		removed++
	}
	return removed, nil
}

// recipients returns to whom a letter is addressed, in lower case; nobody when it is no letter.
func recipients(name string) ([]string, error) {
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a letter: %w", err)
	}
	defer f.Close()
	m, err := mail.ReadMessage(f)
	if err != nil {
		return nil, nil
	}
	list, err := m.Header.AddressList("To")
	if err != nil {
		return nil, nil
	}
	var to []string
	for _, a := range list {
		to = append(to, strings.ToLower(a.Address))
	}
	return to, nil
}
