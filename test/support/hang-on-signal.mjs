// Loaded into a program of ours: on SIGUSR2 its event loop stands still for ever.
process.on('SIGUSR2', () => {
  for (;;);
});
