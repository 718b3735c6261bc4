package certfactory

import (
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Remember keeps, in a folder, where the search for each RSA key ended, so that
// the next factory of the same seed need not search again: the keys are the same
// with it and without. The folder is made if need be, for its owner alone. What is
// written tells nothing to who does not know the seed, and any number of programs
// may share one folder. It is called before the first key is asked for.
//
// What cannot be written, or was changed by somebody else, costs a search and
// nothing more.
func (f *Factory) Remember(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make folder for searched keys: %w", err)
	}
	f.remembered = dir
	return nil
}

// searchRSA finds the key of that label, which the folder may remember.
func (f *Factory) searchRSA(alg Alg, name string) *rsa.PrivateKey {
	label := alg.String() + "/" + name
	if at, err := f.recall(label); err == nil {
		if key := at.follow(alg.rsaBits(), rsaExponent, f.seed.stream("key "+alg.String(), name)); key != nil {
			return key
		}
	}
	key, at := deriveRSA(alg.rsaBits(), rsaExponent, f.seed.stream("key "+alg.String(), name))
	if f.remembered != "" {
		_ = f.note(label, at) // the key is there; the next run searches again
	}
	return key
}

// errNotOurs says that a file was not written by a factory of this seed.
var errNotOurs = errors.New("not written for this seed")

// recall reads where the primes of a key are.
func (f *Factory) recall(label string) (find, error) {
	if f.remembered == "" {
		return find{}, os.ErrNotExist
	}
	data, err := os.ReadFile(f.findFile(label))
	if err != nil {
		return find{}, fmt.Errorf("read where a key was found: %w", err)
	}
	var at find
	if _, err := fmt.Sscan(string(data), &at.p.skip, &at.p.step, &at.q.skip, &at.q.step); err != nil {
		return find{}, fmt.Errorf("read where a key was found: %w", err)
	}
	if !hmac.Equal(data, []byte(f.write(label, at))) {
		return find{}, errNotOurs
	}
	return at, nil
}

// note writes where the primes of a key are. The file appears whole.
func (f *Factory) note(label string, at find) error {
	file, err := os.CreateTemp(f.remembered, ".new-") // for its owner alone
	if err != nil {
		return fmt.Errorf("note where a key was found: %w", err)
	}
	defer os.Remove(file.Name()) // gone already where all went well
	_, err = file.WriteString(f.write(label, at))
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("note where a key was found: %w", err)
	}
	return os.Rename(file.Name(), f.findFile(label))
}

// write is the text of a file: four numbers and what shows that they are ours.
func (f *Factory) write(label string, at find) string {
	numbers := fmt.Sprintln(at.p.skip, at.p.step, at.q.skip, at.q.step)
	return numbers + f.sealed("find", label+"\x00"+numbers) + "\n"
}

// findFile is the file of a key. Its name tells nothing about the seed.
func (f *Factory) findFile(label string) string {
	return filepath.Join(f.remembered, f.sealed("find file", label)[:26]+".find")
}

// sealed is what only who knows the seed can work out of a text.
func (f *Factory) sealed(purpose, text string) string {
	mac := hmac.New(sha256.New, f.seed[:])
	mac.Write([]byte(purpose + "\x00" + text + "\x02")) // the last byte sets it apart from a stream's
	return encoding.EncodeToString(mac.Sum(nil))
}
