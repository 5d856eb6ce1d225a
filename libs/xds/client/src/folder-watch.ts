export { FolderWatch, type FolderWatchOwner } from '@weft/core-runtime';
