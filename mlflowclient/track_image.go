package mlflowclient

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/HugoSmits86/nativewebp"
	"github.com/google/uuid"
	"golang.org/x/image/draw"
)

// Image is a picture at a step of a run. Those of one key make an image chart, with a slider for the step, in MLflow's user
// interface.
type Image struct {
	// Key is made of ASCII letters, digits, spaces and _ - . /
	Key       string
	Step      int64
	Timestamp time.Time // zero is now
	Picture   image.Image
}

var imageKey = regexp.MustCompile(`^[a-zA-Z0-9_\-./ ]+$`)

// LogImage logs a picture at a step, as a PNG file and a small WebP one for the overview, both in the folder images, and sets the tag by
// which the user interface knows that there are some.
func (r *ActiveRun) LogImage(ctx context.Context, in Image) error {
	switch {
	case !imageKey.MatchString(in.Key):
		return invalid("the image key %s: only ASCII letters, digits, spaces and _ - . / are possible", quote(in.Key))
	case in.Step < 0:
		return invalid("the image %s has the step %d", quote(in.Key), in.Step)
	}
	if in.Timestamp.IsZero() {
		in.Timestamp = time.Now()
	}
	name := fmt.Sprintf("images/%s+step+%d+timestamp+%d+%s", strings.ReplaceAll(in.Key, "/", "~"), in.Step, in.Timestamp.UnixMilli(), uuid.NewString())
	if err := r.uploadPicture(ctx, in.Picture, name+".png", name+"+compressed.webp"); err != nil {
		return err
	}
	return r.SetTag(ctx, TagLoggedImages, "True")
}

// LogImageFile logs a picture under a name, in the format of its ending: png, jpg, jpeg, gif or (without loss) webp.
func (r *ActiveRun) LogImageFile(ctx context.Context, file string, picture image.Image) error {
	data, err := encodePicture(file, picture)
	if err != nil {
		return err
	}
	return r.upload(ctx, file, data)
}

// uploadPicture stores a picture in full and as a thumbnail.
func (r *ActiveRun) uploadPicture(ctx context.Context, picture image.Image, full, small string) error {
	data, err := encodePicture(full, picture)
	if err != nil {
		return err
	}
	thumb, err := encodePicture(small, thumbnail(picture))
	if err != nil {
		return err
	}
	if err := r.upload(ctx, full, data); err != nil {
		return err
	}
	return r.upload(ctx, small, thumb)
}

func encodePicture(file string, picture image.Image) ([]byte, error) {
	if picture == nil || picture.Bounds().Empty() {
		return nil, invalid("the picture %s is empty", quote(file))
	}
	var b bytes.Buffer
	var err error
	switch ext := strings.ToLower(path.Ext(file)); ext {
	case ".png":
		err = png.Encode(&b, picture)
	case ".jpg", ".jpeg":
		err = jpeg.Encode(&b, picture, &jpeg.Options{Quality: 90})
	case ".gif":
		err = gif.Encode(&b, picture, nil)
	case ".webp":
		err = nativewebp.Encode(&b, picture, nil)
	default:
		return nil, invalid("the picture %s: the ending is none of .png, .jpg, .jpeg, .gif, .webp", quote(file))
	}
	if err != nil {
		return nil, fmt.Errorf("picture %s: %w", quote(file), err)
	}
	return b.Bytes(), nil
}

// thumbnailSize is the longer side of a thumbnail, in pixels, of smaller pictures, too; it is Python's.
const thumbnailSize = 256

func thumbnail(picture image.Image) image.Image {
	if picture == nil || picture.Bounds().Empty() {
		return picture // to be refused by name
	}
	size := picture.Bounds().Size()
	to := image.Pt(thumbnailSize, thumbnailSize)
	if size.X > size.Y {
		to.Y = max(1, thumbnailSize*size.Y/size.X)
	} else {
		to.X = max(1, thumbnailSize*size.X/size.Y)
	}
	small := image.NewNRGBA(image.Rectangle{Max: to})
	draw.CatmullRom.Scale(small, small.Bounds(), picture, picture.Bounds(), draw.Src, nil)
	return small
}
