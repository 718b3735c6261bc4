package main

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/chainmail-iot/chainmail/certfactory"
	"github.com/chainmail-iot/chainmail/certfactory/store"
)

// sink opens what the devices are written to, with what an interrupted run has left
// in it.
func (f fleetFlags) sink(fleet *certfactory.Fleet, password store.Password, moment time.Time) (fleetSink, error) {
	above, err := fleet.Above()
	if err != nil {
		return nil, err
	}
	anchor := output{path: f.anchorFile(), data: certfactory.PEM(above[len(above)-1]), mode: 0o644}
	if f.format == "packed" {
		return openPacked(f, fleet.Len(), above, anchor)
	}
	s := &folderSink{dir: f.out, format: f.format, password: password, moment: moment, fleet: fleet, anchor: anchor}
	if err := os.MkdirAll(f.out, 0o700); err != nil {
		return nil, wrong(f.out, err)
	}
	s.count()
	return s, nil
}

// A packedSink is a packed file that is incomplete; it takes its name at the end.
type packedSink struct {
	f      fleetFlags
	file   *os.File
	buffer *bufio.Writer
	packed *certfactory.PackedWriter
	anchor output
}

func openPacked(f fleetFlags, devices int, above [][]byte, anchor output) (*packedSink, error) {
	left, err := os.ReadFile(f.partFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, wrong(f.partFile(), err)
	}
	file, err := os.OpenFile(f.partFile(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, wrong(f.partFile(), err)
	}
	s := &packedSink{f: f, file: file, buffer: bufio.NewWriterSize(file, 1<<16), anchor: anchor}
	packed, keep, err := certfactory.ContinuePacked(s.buffer, left, above, devices)
	if errors.Is(err, certfactory.ErrPacked) { // nothing of use
		keep, err = 0, nil
	}
	if err == nil {
		err = s.seek(int64(keep))
	}
	if err == nil && packed == nil {
		packed, err = certfactory.NewPackedWriter(s.buffer, above, devices)
	}
	if err != nil {
		return nil, errors.Join(wrong(f.partFile(), err), file.Close())
	}
	s.packed = packed
	return s, nil
}

// seek drops what is behind the last whole device.
func (s *packedSink) seek(keep int64) error {
	if err := s.file.Truncate(keep); err != nil {
		return err
	}
	_, err := s.file.Seek(keep, 0)
	return err
}

func (s *packedSink) done() int { return s.packed.Added() }

func (s *packedSink) write(_ int, d fleetDevice) error {
	return wrong(s.f.partFile(), s.packed.Add(d.Chain[0], d.Key))
}

func (s *packedSink) finish() error {
	err := s.packed.Close()
	if err == nil {
		err = s.buffer.Flush()
	}
	if err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		return wrong(s.f.partFile(), err)
	}
	if err := writeFiles(true, s.anchor); err != nil {
		return err
	}
	return wrong(s.f.out, os.Rename(s.f.partFile(), s.f.out))
}

func (s *packedSink) abandon() {
	_ = s.buffer.Flush() // what was not written is made again
	_ = s.file.Close()
}

// fleetIndexName is the file that tells that a folder is whole.
const fleetIndexName = "fleet.json"

// A folderSink is a folder with files for each device.
type folderSink struct {
	dir, format string
	password    store.Password
	moment      time.Time // when the entries of a JKS were made
	fleet       *certfactory.Fleet
	anchor      output
	whole       int
}

// names returns the files of a device.
func (s *folderSink) names(i int) []string {
	name := s.fleet.CommonName(i)
	switch s.format {
	case "pem":
		return []string{name + "-chain.pem", name + "-key.pem"}
	case "jks":
		return []string{name + ".jks"}
	}
	return []string{name + ".p12"}
}

// count finds out how many devices are there and can be used, from the first on.
func (s *folderSink) count() {
	for s.whole < s.fleet.Len() && s.usable(s.whole) {
		s.whole++
	}
}

// usable opens the files of a device: nothing else tells that they were written to
// the end.
func (s *folderSink) usable(i int) bool {
	names := s.names(i)
	if s.format == "pem" {
		_, err := tls.LoadX509KeyPair(filepath.Join(s.dir, names[0]), filepath.Join(s.dir, names[1]))
		return err == nil
	}
	data, err := os.ReadFile(filepath.Join(s.dir, names[0]))
	if err != nil {
		return false
	}
	_, err = store.Open(data, s.password)
	return err == nil
}

func (s *folderSink) done() int { return s.whole }

// encode makes the contents of the files; for stores that takes longer than to
// make the device.
func (s *folderSink) encode(i int, e store.Entry) ([]output, error) {
	names := s.names(i)
	if s.format == "pem" {
		key, err := store.MarshalKey(e.Key, store.Config{})
		return []output{
			{path: names[1], data: key, mode: 0o600},
			{path: names[0], data: store.MarshalCertificates(e.Chain), mode: 0o644},
		}, err
	}
	format, err := store.ParseFormat(s.format)
	if err != nil {
		return nil, err
	}
	e.Created = s.moment
	data, err := store.Encode([]store.Entry{e}, store.Config{Format: format, Password: s.password})
	return []output{{path: names[0], data: data, mode: 0o600}}, err
}

func (s *folderSink) write(_ int, d fleetDevice) error {
	for _, f := range d.files {
		if err := s.put(f); err != nil {
			return err
		}
	}
	return nil
}

// put replaces a file. It is not flushed to the disk: a run that goes on opens
// every file before it counts it.
func (s *folderSink) put(f output) error {
	path := filepath.Join(s.dir, f.path)
	temp := path + ".tmp"
	if err := os.WriteFile(temp, f.data, f.mode); err != nil {
		return wrong(path, err)
	}
	return wrong(path, os.Rename(temp, path))
}

// fleetIndex lists the devices of a folder, for other programs.
type fleetIndex struct {
	Format  string             `json:"format"`
	Anchor  string             `json:"anchor"`
	Devices []fleetIndexDevice `json:"devices"`
}

type fleetIndexDevice struct {
	ClientID string   `json:"clientID"`
	Files    []string `json:"files"`
}

func (s *folderSink) finish() error {
	index := fleetIndex{Format: s.format, Anchor: filepath.Base(s.anchor.path)}
	for i := range s.fleet.Len() {
		index.Devices = append(index.Devices, fleetIndexDevice{s.fleet.CommonName(i), s.names(i)})
	}
	text, err := json.MarshalIndent(index, "", " ")
	if err != nil {
		return fmt.Errorf("encode index: %w", err)
	}
	return writeFiles(true, s.anchor, output{path: filepath.Join(s.dir, fleetIndexName), data: append(text, '\n'), mode: 0o644})
}

func (s *folderSink) abandon() {}
