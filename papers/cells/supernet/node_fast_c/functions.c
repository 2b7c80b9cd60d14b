/* What the fast supernet computes in C, in float32; `functions.py` calls it, `node_fast.py` and
   `papers/cells/network/fast/depthwise.py` say what for and compute the same in torch.

   Shapes: m rows of c channels, innermost in memory, c a multiple of V; K convolutions or
   arrivals. Images are n of h x w positions; a signal is an image of one row.

   Threads: rows are cut into parts whose number does not depend on the threads; a part is the work
   of one thread and has sums of its own, which are added up in order. Vectors lie across channels,
   so no sum depends on their width. Hence the same bits with one thread or several, for any V.
   A function returns 1 when it finds no memory. */

#include <stdlib.h>
#include <string.h>

#ifndef V
#define V 8         /* floats in a vector */
#endif

typedef float vec __attribute__((vector_size(4 * V), aligned(4), may_alias));
typedef const float *Given;
typedef float *Made;
typedef struct { int n, h, w, c; } Grid;
typedef struct { int kh, kw, sh, sw, ph, pw, dh, dw; } Window;

#define BLOCK 256   /* rows that stay in the cache; sums of sums round less than one long sum */
#define PARTS 8     /* at most; no more threads than that have work */
#define WIDEST 7    /* of a kernel */
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")
#define AT(p) (*(vec *)(p))
#define GET(p) (*(const vec *)(p))
#define EACH_PART /* p, by thread t */ \
  _Pragma("omp parallel for num_threads(threads) schedule(static, 1)") \
  for (int t = 0; t < threads; t++) \
    for (int p = parts * t / threads; p < parts * (t + 1) / threads; p++)
#define EACH_IMAGE(n, all) /* of a part */ \
  for (long n = (all) * p / parts; n < (all) * (p + 1) / parts; n++)
#define EACH_BLOCK(m) /* of a part's rows: `some` from r on */ \
  for (long r = (m) * p / parts, end = (m) * (p + 1) / parts, some; \
       some = end - r < BLOCK ? end - r : BLOCK, r < end; r += some)

static int cut(long n, long rows) {
  long most = rows / BLOCK < PARTS ? rows / BLOCK : PARTS;
  return (int)(most < 1 ? 1 : most < n ? most : n);
}

/* Zeros that begin where a line of the cache does: a vector of V floats lies in one of them. */
static void *zeros(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
  return memory ? memset(memory, 0, bytes) : 0;
}

/* out (size): what each part has of it, `step` apart, added up */
static void add_up(int parts, long step, long size, Given part, Made out) {
  memset(out, 0, size * sizeof(float));
  for (int p = 0; p < parts; p++) for (long i = 0; i < size; i++) out[i] += part[p * step + i];
}

/* -- products with few columns, where a call of a library costs more than the product --------- */

/* R rows and J vectors of a product stay in registers: R J sums run side by side, since one
   multiply-add takes four cycles and two may start in each. */
INLINE void tile(const int R, const int J, int k, int n, Given a, Given b, Made out, int add) {
  vec sum[8][2];
  UNROLL for (int r = 0; r < R; r++)
    UNROLL for (int j = 0; j < J; j++) sum[r][j] = add ? GET(out + r * n + j * V) : (vec){0};
  for (int i = 0; i < k; i++)
    UNROLL for (int r = 0; r < R; r++)
      UNROLL for (int j = 0; j < J; j++) sum[r][j] += a[r * k + i] * GET(b + i * n + j * V);
  UNROLL for (int r = 0; r < R; r++)
    UNROLL for (int j = 0; j < J; j++) AT(out + r * n + j * V) = sum[r][j];
}

/* out (m, n) = a (m, k) b (k, n), or that added to it */
static void product(long m, int k, int n, Given a, Given b, Made out, int add) {
  for (int j = 0, two; j < n; j += two ? 2 * V : V) {
    long r = 0;
    two = n - j >= 2 * V;
    if (two) for (; r + 4 <= m; r += 4) tile(4, 2, k, n, a + r * k, b + j, out + r * n + j, add);
    else for (; r + 8 <= m; r += 8) tile(8, 1, k, n, a + r * k, b + j, out + r * n + j, add);
    for (; r < m; r++)
      if (two) tile(1, 2, k, n, a + r * k, b + j, out + r * n + j, add);
      else tile(1, 1, k, n, a + r * k, b + j, out + r * n + j, add);
  }
}

INLINE void inner(const int I, const int J, long m, int p, int q, Given a, Given b, Made out) {
  vec sum[8][2];
  UNROLL for (int i = 0; i < I; i++) UNROLL for (int j = 0; j < J; j++) sum[i][j] = (vec){0};
  for (long r = 0; r < m; r++)
    UNROLL for (int i = 0; i < I; i++)
      UNROLL for (int j = 0; j < J; j++) sum[i][j] += a[r * p + i] * GET(b + r * q + j * V);
  UNROLL for (int i = 0; i < I; i++)
    UNROLL for (int j = 0; j < J; j++) AT(out + i * q + j * V) += sum[i][j];
}

/* out (p, q) += a' b for a (m, p) and b (m, q), of one block; `half`: what is above the diagonal
   may be left out */
static void outer(long m, int p, int q, Given a, Given b, Made out, int half) {
  for (int j = 0, two; j < q; j += two ? 2 * V : V) {
    int i = half ? j : 0;
    two = q - j >= 2 * V;
    if (two) for (; i + 4 <= p; i += 4) inner(4, 2, m, p, q, a + i, b + j, out + i * q + j);
    else for (; i + 8 <= p; i += 8) inner(8, 1, m, p, q, a + i, b + j, out + i * q + j);
    for (; i + 4 <= p; i += 4) inner(4, 1, m, p, q, a + i, b + j, out + i * q + j);
  }
}

static void transpose(int p, int q, Given a, Made out) {
  for (int i = 0; i < p; i++) for (int j = 0; j < q; j++) out[j * p + i] = a[i * q + j];
}

/* sum (c) += the rows of x (m, c), in double precision from block to block */
static void sums(long m, int c, Given x, double *sum) {
  for (long r = 0; r < m; r += BLOCK)
    for (int i = 0; i < c; i += V) {
      vec own = {0};
      for (long row = r; row < r + BLOCK && row < m; row++) own += GET(x + row * c + i);
      for (int lane = 0; lane < V; lane++) sum[i + lane] += own[lane];
    }
}

/* mean (size) of sums that stand part by part */
static void mean_of(int parts, int size, const double *sum, long rows, Made mean) {
  for (int i = 0; i < size; i++) {
    double total = 0;
    for (int p = 0; p < parts; p++) total += sum[p * size + i];
    mean[i] = (float)(total / rows);
  }
}

/* -- a stage: depthwise convolutions, centred, and the products of their channels ------------- */

/* A room holds an image with zeros around it, so that no loop below asks where a border is. */
typedef struct { int row; long origin, size; } Room;

static Room room_for(Grid g, int K, const Window *win) {
  int high = 0, wide = 0;
  for (int k = 0; k < K; k++)
    high = win[k].ph > high ? win[k].ph : high, wide = win[k].pw > wide ? win[k].pw : wide;
  int row = g.w + 2 * wide;
  return (Room){row, (long)(high * row + wide) * g.c, (long)(g.h + 2 * high) * row * g.c};
}

static void enter(Grid g, int row, Given x, int relu, Made origin) {
  for (int y = 0; y < g.h; y++, x += g.w * g.c, origin += row * g.c)
    for (int i = 0; i < g.w * g.c; i++) origin[i] = relu && x[i] < 0 ? 0 : x[i];
}

/* X outputs side by side share each tap. */
INLINE void stretch(const int X, int taps, int c, int step, const int *at, Given w, Given in,
                    Made out, int add) {
  vec sum[8];
  UNROLL for (int x = 0; x < X; x++) sum[x] = add ? GET(out + x * c) : (vec){0};
  for (int t = 0; t < taps; t++) {
    vec tap = GET(w + t * c);
    UNROLL for (int x = 0; x < X; x++) sum[x] += tap * GET(in + at[t] + x * step);
  }
  UNROLL for (int x = 0; x < X; x++) AT(out + x * c) = sum[x];
}

/* out (h, w, c): every position's sum over the taps of win; with `turned` seen from an input */
static void convolve(int h, int w, int c, int turned, int row, const Window *win, Given kernel,
                     Given in, Made out, int add) {
  int at[WIDEST * WIDEST], taps = 0, sh = turned ? 1 : win->sh, sw = turned ? 1 : win->sw;
  for (int y = 0; y < win->kh; y++)
    for (int x = 0; x < win->kw; x++)
      at[taps++] = ((y * win->dh - win->ph) * row + x * win->dw - win->pw) * c
                   * (turned ? -1 : 1);
  for (int y = 0; y < h; y++)
    for (int x = 0, many; x < w; x += many) {
      Given from = in + (y * sh * row + x * sw) * c;
      float *to = out + (y * w + x) * c;
      many = w - x >= 8 ? 8 : w - x >= 4 ? 4 : 1;
      for (int i = 0; i < c; i += V)
        if (many == 8) stretch(8, taps, c, sw * c, at, kernel + i, from + i, to + i, add);
        else if (many == 4) stretch(4, taps, c, sw * c, at, kernel + i, from + i, to + i, add);
        else stretch(1, taps, c, sw * c, at, kernel + i, from + i, to + i, add);
    }
}

/* The gradient of one row of T taps, `far` apart: X positions at a time have sums of their own. */
INLINE void slope(const int T, const int X, int h, int w, int c, int down, int step, int far,
                  Given g, Given in, double *sum) {
  vec own[WIDEST * 4];
  UNROLL for (int i = 0; i < T * X; i++) own[i] = (vec){0};
  for (int y = 0; y < h; y++, g += down, in += down) {
    Given back = g, x = in;
    int at = 0;
    for (; at + X <= w; at += X)
      UNROLL for (int i = 0; i < X; i++, back += step, x += step)
        UNROLL for (int t = 0; t < T; t++) own[i * T + t] += GET(back) * GET(x + t * far);
    for (; at < w; at++, back += step, x += step)
      UNROLL for (int t = 0; t < T; t++) own[t] += GET(back) * GET(x + t * far);
  }
  UNROLL for (int t = 0; t < T; t++) {
    for (int i = 1; i < X; i++) own[t] += own[i * T + t];
    for (int lane = 0; lane < V; lane++) sum[t * c + lane] += own[t][lane];
  }
}

/* sum (taps, c) += the gradient of a kernel, for an image and what comes back to it */
static void slopes(int h, int w, int c, int row, const Window *win, Given back, Given in,
                   double *sum) {
  int down = win->sh * row * c, step = win->sw * c, far = win->dw * c;
  for (int i = 0; i < c; i += V)
    for (int t = 0; t < win->kh; t++) {
      Given x = in + ((t * win->dh - win->ph) * row - win->pw) * c + i;
      double *to = sum + t * win->kw * c + i;
      if (win->kw == 3) slope(3, 4, h, w, c, down, step, far, back + i, x, to);
      else if (win->kw == 5) slope(5, 2, h, w, c, down, step, far, back + i, x, to);
      else slope(7, 1, h, w, c, down, step, far, back + i, x, to);
    }
}

/* Kernels (c, taps), one after another as (taps, c), times factors (K, c) if there are any; the
   place of each in `first`. */
static void kernels(int K, int c, const Window *win, const Given *w, Given factor, Made out,
                    long *first) {
  first[0] = 0;
  for (int k = 0; k < K; k++) {
    int taps = win[k].kh * win[k].kw;
    first[k + 1] = first[k] + (long)taps * c;
    for (int i = 0; i < c; i++)
      for (int t = 0; t < taps; t++)
        out[first[k] + t * c + i] = w[k][i * taps + t] * (factor ? factor[k * c + i] : 1);
  }
}

/* d (K, m', c): K convolutions of relu(x), `shared` by all, or of K x, centred; G (K, c, c) */
int stage_forward(long K, long shared, long threads, const Grid *grid, const Window *win, Given x,
                  const Given *w, Given factor, Made d, Made G) {
  Grid g = *grid;
  int c = g.c, h = (g.h - 1) / win->sh + 1, width = (g.w - 1) / win->sw + 1;
  long area = (long)h * width, rows = g.n * area, image = (long)g.h * g.w * c, all = K * c * c;
  int parts = cut(g.n, rows);
  Room room = room_for(g, K, win);
  long first[K + 1], most = (long)K * WIDEST * WIDEST * c;
  float *memory = zeros((threads * room.size + most + parts * all) * sizeof(float));
  float *taps = memory + threads * room.size, *part = taps + most, mean[K * c];
  double *sum = zeros(parts * K * c * sizeof(double));
  if (!memory || !sum) return free(memory), free(sum), 1;
  kernels(K, c, win, w, factor, taps, first);
  EACH_PART {
    float *inside = memory + t * room.size + room.origin;
    EACH_IMAGE(n, (long)g.n)
      for (int k = 0; k < K; k++) {  /* all kernels read an image while it is in the cache */
        float *out = d + (k * rows + n * area) * c;
        if (!shared || k == 0)
          enter(g, room.row, x + (shared ? 0 : k * g.n * image) + n * image, shared, inside);
        convolve(h, width, c, 0, room.row, win + k, taps + first[k], inside, out, 0);
        sums(area, c, out, sum + ((long)p * K + k) * c);
      }
  }
  mean_of(parts, K * c, sum, rows, mean);
  EACH_PART
    for (int k = 0; k < K; k++)
      EACH_BLOCK(rows) {  /* centred and multiplied in one passage */
        float *own = d + (k * rows + r) * c;
        for (long q = 0; q < some; q++)
          for (int i = 0; i < c; i++) own[q * c + i] -= mean[k * c + i];
        outer(some, c, c, own, own, part + p * all + k * c * c, 1);
      }
  add_up(parts, all, all, part, G);
  for (int k = 0; k < K; k++, G += c * c)
    for (int i = 0; i < c; i++) for (int j = 0; j < i; j++) G[j * c + i] = G[i * c + j];
  free(memory), free(sum);
  return 0;
}

/* All gradients of a stage, from those of d and of G. */
int stage_backward(long K, long shared, long threads, const Grid *grid, const Window *win, Given x,
                   const Given *w, Given factor, Given d, const Given *gd, Given gG, Made gx,
                   const Made *gw, Made gfactor) {
  Grid g = *grid;
  int c = g.c, h = (g.h - 1) / win->sh + 1, width = (g.w - 1) / win->sw + 1;
  long area = (long)h * width, rows = g.n * area, image = (long)g.h * g.w * c, all = K * c * c;
  int parts = cut(g.n, rows);
  Room room = room_for(g, K, win);
  long first[K + 1], most = (long)K * WIDEST * WIDEST * c, own = 2 * room.size + area * c;
  float *memory = zeros((threads * own + most + all) * sizeof(float)), mean[K * c];
  float *taps = memory + threads * own, *both = taps + most;
  if (!memory) return 1;
  kernels(K, c, win, w, factor, taps, first);
  double *sum = zeros(parts * (first[K] + K * c) * sizeof(double));
  if (!sum) return free(memory), 1;
  double *total = sum + parts * first[K];
  for (int k = 0; k < K; k++)
    for (int i = 0; i < c; i++)  /* of G = d'd: d (gG + gG') */
      for (int j = 0; j < c; j++)
        both[(k * c + i) * c + j] = gG[(k * c + i) * c + j] + gG[(k * c + j) * c + i];
  EACH_PART
    for (int k = 0; k < K; k++)
      EACH_BLOCK(rows) sums(some, c, gd[k] + r * c, total + (p * K + k) * c);
  mean_of(parts, K * c, total, rows, mean);  /* d is centred, so is d times anything */
  EACH_PART {
    float *in = memory + t * own + room.origin, *back = in + room.size;
    float *part = memory + t * own + 2 * room.size;
    EACH_IMAGE(n, (long)g.n)
      for (int k = 0; k < K; k++) {
        long here = (k * rows + n * area) * c, at = (shared ? 0 : k * g.n * image) + n * image;
        Given given = gd[k] + n * area * c, m = mean + k * c;
        if (!shared || k == 0) enter(g, room.row, x + at, shared, in);
        product(area, c, c, d + here, both + k * c * c, part, 0);
        for (int y = 0; y < h; y++)  /* with a stride, zeros lie between: it is then none */
          for (int z = 0; z < width; z++) {
            float *to = back + (y * win->sh * room.row + z * win->sw) * c;
            long q = (y * width + z) * c;
            for (int i = 0; i < c; i++) to[i] = part[q + i] + given[q + i] - m[i];
          }
        slopes(h, width, c, room.row, win + k, back, in, sum + p * first[K] + first[k]);
        convolve(g.h, g.w, c, 1, room.row, win + k, taps + first[k], back, gx + at, shared && k);
        if (shared && k == K - 1) for (long i = at; i < at + image; i++) if (x[i] <= 0) gx[i] = 0;
      }
  }
  for (int k = 0; k < K; k++)
    for (int i = 0, taken = win[k].kh * win[k].kw; i < c; i++) {
      double of_factor = 0;
      for (int t = 0; t < taken; t++) {
        double one = 0;
        for (int p = 0; p < parts; p++) one += sum[p * first[K] + first[k] + t * c + i];
        gw[k][i * taken + t] = (float)(factor ? one * factor[k * c + i] : one);
        of_factor += one * w[k][i * taken + t];
      }
      if (factor) gfactor[k * c + i] = (float)of_factor;
    }
  free(memory), free(sum);
  return 0;
}

/* -- a mix: what lies between the two blocks of a separable convolution ----------------------- */

/* h (K, m, c) = relu(d P') */
int mix_forward(long K, long threads, long m, long c, const Given *d, const Given *P, Made h) {
  int parts = cut(PARTS, m);
  EACH_PART
    for (int k = 0; k < K; k++) {
      float turned[c * c];
      transpose(c, c, P[k], turned);
      EACH_BLOCK(m) {
        float *own = h + (k * m + r) * c;
        product(some, c, c, d[k] + r * c, turned, own, 0);
        for (long i = 0; i < some * c; i++) own[i] = own[i] < 0 ? 0 : own[i];
      }
    }
  return 0;
}

/* gd (K of m, c), gP (K of c, c) from gh (K, m, c) */
int mix_backward(long K, long threads, long m, long c, const Given *d, const Given *P, Given h,
                 Given gh, const Made *gd, const Made *gP) {
  int parts = cut(PARTS, m);
  float *part = zeros(parts * K * c * c * sizeof(float));
  if (!part) return 1;
  EACH_PART
    for (int k = 0; k < K; k++)
      EACH_BLOCK(m) {
        Given out = h + (k * m + r) * c, given = gh + (k * m + r) * c;
        float passed[BLOCK * c];
        for (long i = 0; i < some * c; i++) passed[i] = out[i] <= 0 ? 0 : given[i];
        product(some, c, c, passed, P[k], gd[k] + r * c, 0);
        outer(some, c, c, passed, d[k] + r * c, part + (p * K + k) * c * c, 0);
      }
  for (int k = 0; k < K; k++) add_up(parts, K * c * c, c * c, part + k * c * c, gP[k]);
  free(part);
  return 0;
}

/* -- a node: the sum of d W' over all that arrives -------------------------------------------- */

/* out (m, c); value k is (m, wide[k]), its map (c, wide[k]), or (c) where `wide` is 0 */
int node_forward(long K, long threads, long m, long c, const int *wide, const Given *d,
                 const Given *W, Made out) {
  int parts = cut(PARTS, m);
  EACH_PART
    EACH_BLOCK(m) {  /* a block stays in the cache until all have arrived */
      float *to = out + r * c;
      memset(to, 0, some * c * sizeof(float));
      for (int k = 0; k < K; k++) {
        Given own = d[k] + r * (wide[k] ? wide[k] : c);
        float turned[wide[k] * c + 1];
        transpose(c, wide[k], W[k], turned);
        if (wide[k]) product(some, wide[k], c, own, turned, to, 1);
        else
          for (long q = 0; q < some * c; q += c)
            for (int i = 0; i < c; i++) to[q + i] += W[k][i] * own[q + i];
      }
    }
  return 0;
}

/* gd as d, gW as W, from g (m, c) */
int node_backward(long K, long threads, long m, long c, const int *wide, const Given *d,
                  const Given *W, Given g, const Made *gd, const Made *gW) {
  int parts = cut(PARTS, m);
  long first[K + 1];
  first[0] = 0;
  for (int k = 0; k < K; k++) first[k + 1] = first[k] + (long)c * (wide[k] ? wide[k] : 1);
  float *part = zeros(parts * first[K] * sizeof(float));
  if (!part) return 1;
  EACH_PART
    EACH_BLOCK(m)
      for (int k = 0; k < K; k++) {
        int own = wide[k] ? wide[k] : c;
        Given from = g + r * c, value = d[k] + r * own;
        float *to = gd[k] + r * own, *sum = part + p * first[K] + first[k], some_sum[c];
        if (wide[k]) {
          product(some, c, own, from, W[k], to, 0);
          outer(some, c, own, from, value, sum, 0);
          continue;
        }
        memset(some_sum, 0, c * sizeof(float));
        for (long q = 0; q < some * c; q += c)
          for (int i = 0; i < c; i++) {
            to[q + i] = W[k][i] * from[q + i];
            some_sum[i] += value[q + i] * from[q + i];
          }
        for (int i = 0; i < c; i++) sum[i] += some_sum[i];
      }
  for (int k = 0; k < K; k++)
    add_up(parts, first[K], first[k + 1] - first[k], part + first[k], gW[k]);
  free(part);
  return 0;
}
